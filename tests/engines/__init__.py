"""The promises in the engines of Safari and Firefox, as Debian has them; Playwright's own are ``--browser``'s."""
