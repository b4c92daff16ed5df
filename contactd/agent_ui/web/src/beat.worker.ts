/** A metronome off the page's thread: browsers slow down timers of hidden pages, and an agent's heartbeat must not stop. */
setInterval(() => postMessage(0), 1000);

export {};
