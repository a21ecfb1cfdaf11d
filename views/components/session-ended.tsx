/** Shown by `app.js` once the server answers that nobody is logged in any more. */
export function SessionEndedNote() {
  return (
    <p class="session-ended" role="alert" hidden>
      Your session has ended.{" "}
      <a href="/login?why=again" target="_blank" rel="noopener">
        Log in in a new tab
      </a>
      , then go on here: what you typed stays.
    </p>
  );
}
