import { useState } from "preact/hooks";
import { signIn } from "./api.js";
import { words } from "./words.js";

/** The token is typed once; the browser keeps a cookie that no script can read. */
export function SignIn({ onDone, onCancel }: { onDone: () => void; onCancel?: () => void }) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    setBusy(true);
    const answer = await signIn(String(token ?? ""));
    setBusy(false);
    if (answer.ok) onDone();
    else setReason(answer.status === 401 ? words.session.wrong : words.session.failed(answer.reason));
  };
  return (
    <main class="sign-in" id="main">
      <form onSubmit={submit}>
        <h1>{words.session.title}</h1>
        <p id="explain">{words.session.explain}</p>
        <label>
          {words.session.token}
          <input
            name="token"
            type="password"
            autocomplete="current-password"
            required
            aria-describedby="explain refused"
            aria-invalid={reason !== ""}
          />
        </label>
        <p class="refused" id="refused" role="alert">
          {reason}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          {words.session.submit}
        </button>
        {onCancel !== undefined && (
          <button type="button" onClick={onCancel}>
            {words.session.cancel}
          </button>
        )}
      </form>
    </main>
  );
}
