// Tells the server, through a cookie, whether the window is phone-narrow: there the panel opens only when it is asked for.
(() => {
  const narrow = window.matchMedia("(max-width: 767px)");
  const setCookie = () => {
    document.cookie = `groundwork_narrow=${narrow.matches ? 1 : 0}; path=/; SameSite=Strict`;
  };
  setCookie();
  narrow.addEventListener("change", setCookie);
})();
