//! Everything HTTP: the three listeners, envelopes, statuses, headers, cookies, redirects.
