/** A state of a country whose cards are verified by address. */
export interface State {
  name: string
  slug: string
  abbreviation: string
}

/** The states of the countries whose cards are verified by address, by ISO 3166 alpha-2. */
export const statesByCountry: Readonly<Record<string, State[]>> = {
  CA: read(`
    AB Alberta, BC British Columbia, MB Manitoba, NB New Brunswick, NL Newfoundland and Labrador,
    NT Northwest Territories, NS Nova Scotia, NU Nunavut, ON Ontario, PE Prince Edward Island, QC Quebec,
    SK Saskatchewan, YT Yukon
  `),
  US: read(`
    AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut, DE Delaware,
    DC District of Columbia, FL Florida, GA Georgia, HI Hawaii, ID Idaho, IL Illinois, IN Indiana, IA Iowa, KS Kansas,
    KY Kentucky, LA Louisiana, ME Maine, MD Maryland, MA Massachusetts, MI Michigan, MN Minnesota, MS Mississippi,
    MO Missouri, MT Montana, NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey, NM New Mexico, NY New York,
    NC North Carolina, ND North Dakota, OH Ohio, OK Oklahoma, OR Oregon, PA Pennsylvania, RI Rhode Island,
    SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah, VT Vermont, VA Virginia, WA Washington,
    WV West Virginia, WI Wisconsin, WY Wyoming
  `),
}

function read(list: string): State[] {
  return list.split(',').map((item) => {
    const [abbreviation = '', ...words] = item.trim().split(/\s+/)
    const name = words.join(' ')
    return { name, slug: name.toLowerCase().replaceAll(' ', '-'), abbreviation }
  })
}
