/** Shows an application in strict mode, where React mounts everything twice, if this is a development build. */
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';

window.effects = 0;

function Counted({ children }) {
  useEffect(() => {
    window.effects += 1;
  }, []);
  return children;
}

export default function mount(App) {
  const root = createRoot(document.getElementById('app'));
  root.render(
    <StrictMode>
      <Counted>
        <App />
      </Counted>
    </StrictMode>,
  );
  window.unmount = () => root.unmount();
}
