/** Version of lowbit, as files say what wrote them. */
export const version: string = '0.1.0'
