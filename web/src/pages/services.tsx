// All services, one line each.
import { useEffect } from 'preact/hooks';
import { status } from '../live.ts';
import { Services } from '../overview/services.tsx';
import { Lost } from '../parts/lost.tsx';
import { tell } from '../title.ts';

export function ServicesPage() {
  const view = status.value;
  useEffect(() => tell('services', { glyph: '', word: '', tone: 'mute' }), []);
  if (!view) return <Lost problem={null} what="the services" />;
  return (
    <main>
      <h1>Services</h1>
      <Services services={view.services} />
    </main>
  );
}
