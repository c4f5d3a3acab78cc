// Passkeys: hands what the server asks to the browser, and what the browser answers to the form.
// A form says with `data-passkey` what it wants: "create", "get", or "login" (asks for options).
(() => {
  "use strict";

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const readable = (options) => {
    const found = { ...options, challenge: bytes(options.challenge) };
    if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
    for (const name of ["excludeCredentials", "allowCredentials"]) {
      if (options[name]) found[name] = options[name].map((one) => ({ ...one, id: bytes(one.id) }));
    }
    return found;
  };

  const written = (credential) => {
    const response = {};
    for (const name of [
      "clientDataJSON",
      "attestationObject",
      "authenticatorData",
      "signature",
      "userHandle",
    ]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    });
  };

  const optionsOf = async (form) => {
    if (form.dataset.passkey !== "login") {
      const held = JSON.parse(document.getElementById("js_data").textContent);
      return (held.creation_options || held.request_options).publicKey;
    }
    const answer = await fetch(form.action, { headers: { "X-Requested-With": "XMLHttpRequest" } });
    return (await answer.json()).request_options.publicKey;
  };

  const ask = async (form) => {
    const publicKey = readable(await optionsOf(form));
    if (form.dataset.passkey !== "create") return navigator.credentials.get({ publicKey });
    // So that it can sign in by itself too, where the authenticator is able to.
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection,
      residentKey: "preferred",
      requireResidentKey: false,
      userVerification: "preferred",
    };
    return navigator.credentials.create({ publicKey });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    const failed = form.querySelector("[data-passkey-failed]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      try {
        form.elements.credential.value = written(await ask(form));
      } catch {
        // Cancelled, timed out, no key of this portal: which of them, browsers do not say.
        failed.hidden = false;
        return;
      }
      form.submit();
    });
  }
})();
