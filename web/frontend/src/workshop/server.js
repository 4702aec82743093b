/** JSON to and from the editor's addresses. Answers and failures come back as plain records: nothing is thrown at the page. */
export function connect(token) {
  async function ask(address, request) {
    let answer;
    try {
      answer = await fetch(new URL(address, location.href), { credentials: "same-origin", ...request });
    } catch (error) {
      return { kind: error.name === "AbortError" ? "aborted" : "unreachable", status: 0, body: {} };
    }
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return { kind: "ok", status: answer.status, body: said };
    const kind = answer.status === 409 ? "conflict" : answer.status === 422 ? "problems" : "refused";
    return { kind, status: answer.status, body: said };
  }

  const accept = { Accept: "application/json" };
  return {
    get: (address, signal) => ask(address, { headers: accept, signal }),
    post: (address, body, signal) =>
      ask(address, { method: "POST", headers: { ...accept, "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(body), signal }),
  };
}

/** A failure as a sentence: the server's own, else ours. */
export function failureText({ kind, status, body }, word) {
  if (kind === "unreachable") return word("unreachable");
  const said = body.message ?? body.detail ?? body.title;
  if (kind === "conflict") return `${said ?? word("conflict")} ${word("kept")}`;
  return said ?? word("refused", { status });
}

/** Why there is no examination: the server did not answer, or it gave up and says why. */
export function troubleText(answer, word) {
  return answer.kind === "ok" ? answer.body.progress?.now || word("notExaminable") : failureText(answer, word);
}
