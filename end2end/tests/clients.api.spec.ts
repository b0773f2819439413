// The published clients of Ory drive every flow, unchanged: two generators, two ways to send, one server.
import { Configuration as FetchConfiguration, FrontendApi as FetchFrontend } from '@ory/client-fetch';
import { Configuration, CourierApi, FrontendApi, IdentityApi } from '@ory/kratos-client';
import { test, expect } from './fixtures';
import { PASSWORD } from './visitor';
import type { Vestibule } from './vestibule';

test.use({
  config: {
    // The text of an email stays readable after it was sent, so that the test finds the code in it.
    vestibule: { courier: { keep_bodies: true } },
    // Apps get the session of a recovery, and its settings form, in the response instead of a link for a browser.
    feature_flags: { use_continue_with_transitions: true },
    selfservice: {
      methods: { code: { enabled: true } },
      flows: {
        recovery: { enabled: true, use: 'code' },
        registration: { after: { password: { hooks: [{ hook: 'show_verification_ui' }, { hook: 'session' }] } } },
      },
    },
  },
});

const EMAIL = 'anna@example.org';
const NEW_PASSWORD = 'copper meadow signal 77';

/** The client over axios takes the same parameters and wraps each result in a response. */
function overAxios(basePath: string): FetchFrontend {
  const api = new FrontendApi(new Configuration({ basePath })) as any;
  return new Proxy(api, {
    get:
      (_, method) =>
      async (...parameters: unknown[]) =>
        (await api[method](...parameters)).data,
  });
}

const CLIENTS: [string, (basePath: string) => FetchFrontend][] = [
  // Without this header, Kratos answers a verification with a redirect to its page, and so do we. Ory's own packages send it.
  [
    '@ory/client-fetch',
    (basePath) => new FetchFrontend(new FetchConfiguration({ basePath, headers: { Accept: 'application/json' } })),
  ],
  ['@ory/kratos-client', overAxios],
];

/** The entry of `continue_with` that says so. */
const next = (flow: { continue_with?: unknown }, action: string): any =>
  (flow.continue_with as { action: string }[] | undefined)?.find((entry) => entry.action === action);

/** The code of an email, as an administrator reads it through the published client. */
async function codeOf(vestibule: Vestibule, kind: string): Promise<string> {
  const courier = new CourierApi(new Configuration({ basePath: vestibule.adminUrl }));
  let code: string | undefined;
  await expect(async () => {
    const { data } = await courier.listCourierMessages({ recipient: EMAIL });
    code = data.find((message) => message.template_type === kind)?.body.match(/\b\d{6}\b/)?.[0];
    expect(code, JSON.stringify(data.map((message) => message.template_type))).toBeTruthy();
  }).toPass();
  return code!;
}

/** The status of a request that the server rejects, as either client reports it. */
async function rejected(request: Promise<unknown>): Promise<number | undefined> {
  try {
    await request;
    return undefined;
  } catch (error: any) {
    return error.response?.status;
  }
}

async function signIn(ory: FetchFrontend, password: string): Promise<string> {
  const { id } = await ory.createNativeLoginFlow();
  const body = { method: 'password' as const, identifier: EMAIL, password };
  return (await ory.updateLoginFlow({ flow: id, updateLoginFlowBody: body })).session_token!;
}

for (const [name, client] of CLIENTS) {
  test(`${name} signs up, verifies, signs in, recovers, changes and signs out`, async ({ vestibule }) => {
    const ory = client(vestibule.publicUrl);
    const who = async (token: string) => (await ory.toSession({ xSessionToken: token })).identity?.traits.email;

    const registration = await ory.createNativeRegistrationFlow();
    const up = await ory.updateRegistrationFlow({
      flow: registration.id,
      updateRegistrationFlowBody: { method: 'password', password: PASSWORD, traits: { email: EMAIL } },
    });
    expect(await who(up.session_token!)).toBe(EMAIL);

    const verified = await ory.updateVerificationFlow({
      flow: next(up, 'show_verification_ui').flow.id,
      updateVerificationFlowBody: { method: 'code', code: await codeOf(vestibule, 'verification_code_valid') },
    });
    expect(verified.state).toBe('passed_challenge');

    const token = await signIn(ory, PASSWORD);
    expect(await who(token)).toBe(EMAIL);
    expect(await ory.listMySessions({ xSessionToken: token })).toHaveLength(1);
    expect((await ory.disableMyOtherSessions({ xSessionToken: token })).count).toBe(1);
    expect(await rejected(who(up.session_token!))).toBe(401);

    const profile = await ory.createNativeSettingsFlow({ xSessionToken: token });
    const changed = await ory.updateSettingsFlow({
      flow: profile.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: 'profile', traits: { email: EMAIL, name: 'Anna' } },
    });
    expect(changed.state).toBe('success');

    const recovery = await ory.createNativeRecoveryFlow();
    const sent = await ory.updateRecoveryFlow({
      flow: recovery.id,
      updateRecoveryFlowBody: { method: 'code', email: EMAIL },
    });
    expect(sent.state).toBe('sent_email');
    const recovered = await ory.updateRecoveryFlow({
      flow: recovery.id,
      updateRecoveryFlowBody: { method: 'code', code: await codeOf(vestibule, 'recovery_code_valid') },
    });
    const back = next(recovered, 'set_ory_session_token').ory_session_token;
    const reset = await ory.updateSettingsFlow({
      flow: next(recovered, 'show_settings_ui').flow.id,
      xSessionToken: back,
      updateSettingsFlowBody: { method: 'password', password: NEW_PASSWORD },
    });
    expect(reset.state).toBe('success');
    expect(await rejected(signIn(ory, PASSWORD))).toBe(400);

    const again = await signIn(ory, NEW_PASSWORD);
    await ory.performNativeLogout({ performNativeLogoutBody: { session_token: again } });
    expect(await rejected(who(again))).toBe(401);

    const identities = new IdentityApi(new Configuration({ basePath: vestibule.adminUrl }));
    const { data } = await identities.listIdentities({ credentialsIdentifier: EMAIL });
    expect(data.map(({ traits, verifiable_addresses }) => [traits.name, verifiable_addresses?.[0].verified])).toEqual([
      ['Anna', true],
    ]);
  });
}
