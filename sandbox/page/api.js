// The control API of the sandbox (README.md beside the server). Every call returns parsed JSON or throws ApiError.

class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(method, path, body) {
  const options = { method, headers: {} };
  if (body instanceof FormData) {
    options.body = body;
  } else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("The sandbox does not answer.", 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(answer?.error ?? `The sandbox answered ${response.status}.`, response.status);
  return answer;
}

const query = (values) => new URLSearchParams(values).toString();

export const api = {
  state: () => request("GET", "/control/state"),
  act: (as, name, values) => request("POST", "/control/act", { ...values, as, do: name }),
  transcript: (user, bot, since) => request("GET", `/control/transcript?${query({ user, bot, since })}`),
  chatMessages: (chat, since) => request("GET", `/control/chats/${chat}/messages?${query({ since })}`),
  createChat: (values) => request("POST", "/control/chats", values),
  deleteChat: (chat) => request("DELETE", `/control/chats/${chat}`),
  setMember: (chat, member, status, rights) =>
    request("PUT", `/control/chats/${chat}/members/${member}`, rights ? { status, rights } : { status }),
  invitation: (user, url) => request("GET", `/control/invitation?${query({ user, url })}`),
  choices: (user, bot, text) => request("GET", `/control/choices?${query({ user, bot, button: text })}`),
  clock: () => request("GET", "/control/clock"),
  advance: (seconds) => request("POST", "/control/clock", { advance_s: seconds }),
  calls: (since, limit) => request("GET", `/control/calls?${query({ since, limit })}`),
  upload(file, kind) {
    const form = new FormData();
    form.append("kind", kind);
    form.append("file", file, file.name);
    return request("POST", "/control/uploads", form);
  },
};

export const fileUrl = (uniqueId) => `/control/files/${encodeURIComponent(uniqueId)}`;
