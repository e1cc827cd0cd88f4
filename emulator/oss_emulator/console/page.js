// Refreshes the page. While nothing is new the answer is 204, and the browser stays on the page as it is. What
// is open and where the reader has scrolled to goes along in the fragment, for the page has no other memory.
(() => {
  const SECONDS = 3;
  const { refresh } = document.documentElement.dataset;
  const places = [...document.querySelectorAll('article[id], .rows > li')];
  const records = places.filter((one) => one.localName === 'article');
  const kept = /^#kept=(\d+),(-?\d+),([\w-]*),([\w,-]*)$/.exec(location.hash);

  if (kept) {
    const [, down, top, place, open] = kept;
    for (const record of records) record.firstElementChild.open = open.split(',').includes(record.id);
    const anchor = document.getElementById(place);
    scrollTo(0, anchor ? scrollY + anchor.getBoundingClientRect().top - top : down);
  }

  const show = () => {
    const wanted = records.find((one) => one.id === location.hash.slice(1));
    if (wanted) wanted.firstElementChild.open = true;
  };
  addEventListener('hashchange', show);
  show();

  let typed = false;
  addEventListener('input', () => { typed = true; });
  const inUse = () => typed || document.hidden || String(getSelection())
    || document.querySelector(':focus-visible, :focus:is(input, select, button), .more[open]')
    || [...document.querySelectorAll('.tall, .clip')].some((box) => box.scrollTop);

  const reload = async () => {
    if (inUse()) return;
    await fetch('/-/alive', { mode: 'no-cors' });  // a server that has ended must not take the page with it
    if (inUse()) return;
    const seen = places.filter((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    const isOpen = (one) => one.firstElementChild.open;
    const anchor = scrollY > 0 && (seen.find(isOpen) || seen[0]);  // what is read, and stays where it is
    const top = anchor ? Math.round(anchor.getBoundingClientRect().top) : 0;
    const open = records.filter(isOpen).map((one) => one.id);
    location.replace(`${refresh}#kept=${Math.round(scrollY)},${top},${anchor ? anchor.id : ''},${open}`);
  };
  const [loading] = performance.getEntriesByType('navigation');
  // a page that takes long is not asked for again before it has come
  if (refresh) setInterval(() => reload().catch(() => {}), Math.max(SECONDS * 1000, 2 * (loading?.duration ?? 0)));
})();
