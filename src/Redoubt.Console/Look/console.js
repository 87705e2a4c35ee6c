// The little that the server can't do: the theme, the clipboard, the menu on a phone, a key, and what to do when the daemon was away.
(() => {
  window.redoubt = { showModal: dialog => dialog.isConnected && dialog.showModal() };

  const html = document.documentElement;
  const each = (selector, event, act) => document.addEventListener(event, e => {
    const hit = e.target.closest?.(selector);
    if (hit) act(hit, e);
  });

  each('[data-theme-switch]', 'click', () => {
    const dark = html.dataset.theme ? html.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    html.dataset.theme = dark ? 'light' : 'dark';
    document.cookie = `redoubt-theme=${html.dataset.theme}; path=/console/; max-age=31536000; samesite=strict`;
  });

  each('[data-copy]', 'click', async button => {
    const text = button.parentElement.querySelector('code').textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without HTTPS there is no clipboard to write to: the text is selected instead, ready for Ctrl+C.
      getSelection().selectAllChildren(button.parentElement.querySelector('code'));
      return;
    }
    button.dataset.copied = 'yes';
    setTimeout(() => delete button.dataset.copied, 1500);
  });

  // A form without a method is for the server side of the page, and before that listens it would only reload the page.
  document.addEventListener('submit', e => { if (!e.target.hasAttribute('method')) e.preventDefault(); });

  // Firefox drags nothing that carries nothing.
  each('[draggable="true"]', 'dragstart', (_, e) => e.dataTransfer.setData('text/plain', ''));

  each('[data-nav-open]', 'click', () => html.classList.toggle('nav-shown'));
  document.addEventListener('click', e => {
    if (html.classList.contains('nav-shown') && !e.target.closest('[data-nav-open]') && (!e.target.closest('.side') || e.target.closest('a.item'))) {
      html.classList.remove('nav-shown');
    }
  });
  document.addEventListener('keydown', e => {
    if (e.key === 'Escape') html.classList.remove('nav-shown');
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k' && !document.querySelector('dialog[open]')) {
      const open = document.querySelector('[data-search-open]');
      if (open) { e.preventDefault(); open.click(); }
    }
  });

  // A daemon that was restarted knows neither this page nor its session any more: as soon as it answers again, it leads to the door, and
  // from there back to here. A mere break of the line is mended by Blazor itself.
  const modal = document.getElementById('components-reconnect-modal');
  let watching = 0;
  modal?.addEventListener('components-reconnect-state-changed', e => {
    if (e.detail.state === 'rejected') location.reload();
    if (e.detail.state === 'hide') watching++;
    if (e.detail.state === 'show') watch(++watching);
    if (e.detail.state === 'failed') reconnect();
  });
  async function watch(turn) {
    while (turn === watching) {
      try {
        const answer = await fetch(location.href, { redirect: 'manual', cache: 'no-store' });
        if (answer.type === 'opaqueredirect') return location.reload();
      } catch {
        // Still away.
      }
      await new Promise(resume => setTimeout(resume, 1000));
    }
  }
  async function reconnect() {
    try {
      if (!await Blazor.reconnect()) location.reload();
    } catch {
      setTimeout(reconnect, 2000);
    }
  }
})();
