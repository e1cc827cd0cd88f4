/** The oldest browsers that the page and the library work in; `floor.js` tells what they lack. */
export const FLOOR = { chrome: 100, edge: 100, firefox: 100, safari: 15.4, safari_ios: 15.4 };

/** The syntax of what mini programs and apps get: WeChat compiles it, on old iPhones for the system's own engine. */
export const APP_TARGET = 'es2019';

/** As build targets: the syntax. */
export const TARGETS = ['chrome100', 'edge100', 'firefox100', 'safari15.4'];
