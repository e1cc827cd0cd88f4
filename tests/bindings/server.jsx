/** Draws each application as a server does, which has no document, and prints the markup. */
import { renderToString } from 'react-dom/server';
import { createSSRApp } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import Antd from './antd/App.jsx';
import ElementPlus from './element-plus/App.vue';
import React from './react/App.jsx';
import Hook from './react/Avatar.jsx';
import Vue from './vue/App.vue';

const markup = {};
for (const [name, App] of Object.entries({ react: React, hook: Hook, antd: Antd }))
  markup[name] = renderToString(<App />);
for (const [name, App] of Object.entries({ vue: Vue, 'element-plus': ElementPlus }))
  markup[name] = await renderVue(createSSRApp(App));
console.log(JSON.stringify(markup));
