import { Button, createTheme } from '@mantine/core'

const panel = {
  shadow: 'none',
  transitionProps: { duration: 100 },
  closeButtonProps: { 'aria-label': 'Close' },
  styles: { title: { fontSize: '1.125rem', fontWeight: 600 }, content: { border: '1px solid var(--line)' } },
  // The page has one banner.
  attributes: { header: { role: 'presentation' } },
}

/** The colours, sizes and spaces of style.css, for the components of the library. */
export const theme = createTheme({
  fontFamily: 'system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, monospace',
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '0.9375rem', lg: '1.125rem', xl: '1.5rem' },
  lineHeights: { xs: '1.5', sm: '1.5', md: '1.5', lg: '1.5', xl: '1.5' },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2rem' },
  defaultRadius: '6px',
  colors: {
    accent: [
      '#e8f6f0',
      '#cfebdf',
      '#a4dcc5',
      '#5fd0a5',
      '#3fb98b',
      '#27a174',
      '#178a61',
      '#0f7b55',
      '#0b6e4f',
      '#085540',
    ],
    bad: ['#fcebea', '#f8d3d0', '#ffb9b3', '#ff9d95', '#ec6a60', '#d44a40', '#bd332a', '#b02a22', '#a3211a', '#821a14'],
  },
  primaryColor: 'accent',
  primaryShade: { light: 8, dark: 3 },
  autoContrast: true,
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    // What is filled is dark in the light scheme and light in the dark one.
    Button: Button.extend({
      vars: (_theme, { variant = 'filled' }) => ({
        root: variant === 'filled' ? { '--button-color': 'var(--on-accent)' } : {},
      }),
    }),
    Modal: { defaultProps: panel },
    Drawer: { defaultProps: panel },
    Menu: {
      defaultProps: {
        shadow: 'none',
        transitionProps: { duration: 80 },
        styles: { dropdown: { borderColor: 'var(--line)' } },
      },
    },
  },
})
