// The documentation's `cookie`, which it imports from nowhere: js-cookie has these two.

export const cookie = {
  get: (name) => document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1],
  set: (name, value) => {
    document.cookie = `${name}=${value}; path=/`;
  },
};
