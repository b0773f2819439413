// Web hooks of every kind, at an address where nobody listens: what becomes of their calls is to be seen.
import type { Config } from './vestibule';

const body = `base64://${Buffer.from('function(ctx) ctx').toString('base64')}`;
const hook = (path: string, more: Config = {}) => ({
  hook: 'web_hook',
  config: { url: `http://127.0.0.1:9/${path}`, method: 'POST', body, ...more },
});

export const HOOKS: Config = {
  selfservice: { flows: {
    registration: { after: {
      hooks: [hook('everybody-with-a-long-name-that-has-to-go-somewhere', { response: { ignore: true } })],
      password: { hooks: [
        hook('inform', { response: { ignore: true } }),
        hook('asks', { can_interrupt: true }),
        hook('waits'),
        { hook: 'session' },
      ] },
    } },
    login: { before: { hooks: [hook('forms', { can_interrupt: true })] } },
  } },
};
