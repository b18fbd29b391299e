const KEY = 'chorale-token';

/**
 * Takes the token of a sign-in link out of the address: fragments are sent to no server, and once it is taken it is in no
 * history either. It stays in this tab, until that is closed.
 */
export function takeSignIn(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  sessionStorage.setItem(KEY, token);
  history.replaceState(null, '', location.pathname + location.search);
}

/** The token that this tab signed in with; `null` where nobody did. */
export function sessionToken(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Forgets who signed in here, and loads the page again without them. */
export function signOut(): void {
  sessionStorage.removeItem(KEY);
  location.reload();
}
