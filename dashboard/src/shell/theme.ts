import { createTheme } from '@mantine/core'

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
    Modal: { defaultProps: { transitionProps: { duration: 100 }, closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: { defaultProps: { transitionProps: { duration: 100 }, closeButtonProps: { 'aria-label': 'Close' } } },
    Menu: { defaultProps: { transitionProps: { duration: 80 } } },
  },
})
