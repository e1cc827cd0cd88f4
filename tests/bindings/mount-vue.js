import { createApp } from 'vue';

export default function mount(App) {
  const app = createApp(App);
  app.mount('#app');
  window.unmount = () => app.unmount();
}
