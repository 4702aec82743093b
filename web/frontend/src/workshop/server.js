/** One POST of JSON to the editor's addresses. Answers and failures come back as plain records: nothing is thrown at the page. */
export function connect(token) {
  return async function post(address, body, signal) {
    let answer;
    try {
      answer = await fetch(new URL(address, location.href), {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
        body: JSON.stringify(body),
        credentials: "same-origin",
        signal,
      });
    } catch (error) {
      return { kind: error.name === "AbortError" ? "aborted" : "unreachable", status: 0, body: {} };
    }
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return { kind: "ok", status: answer.status, body: said };
    const kind = answer.status === 409 ? "conflict" : answer.status === 422 ? "problems" : "refused";
    return { kind, status: answer.status, body: said };
  };
}

/** A failure as a sentence: the server's own, else ours. */
export function failureText({ kind, status, body }, word) {
  if (kind === "unreachable") return word("unreachable");
  const said = body.message ?? body.detail ?? body.title;
  if (kind === "conflict") return `${said ?? word("conflict")} ${word("kept")}`;
  return said ?? word("refused", { status });
}
