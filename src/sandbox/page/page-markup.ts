export const pageMarkup = '';
