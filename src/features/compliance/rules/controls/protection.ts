import { atMost, none, tested } from '../control.ts'

const protection = tested('protection')
const operation = tested('operation')

const isPlain = (address: string | undefined): boolean => address?.startsWith('http:') ?? false

export const PROTECTION = [
  protection({
    id: 'signing-key',
    title: 'The key that signs tokens is renewed',
    fact: 'signingKey',
    measure: ({ overdueDays }) => overdueDays,
    threshold: atMost(1, 'day beyond KEY_ROTATION_DAYS'),
    serves: { soc2: ['CC6.1'], iso27001: ['A.8.24'], gdpr: ['32'], hipaa: ['164.312(a)'] },
  }),
  protection({
    id: 'present-seals',
    title: 'Secrets are sealed under the present root secret',
    fact: 'seals',
    measure: ({ former }) => former,
    threshold: none('secret under another root secret'),
    serves: { soc2: ['CC6.1'], iso27001: ['A.8.24'], gdpr: ['32'], pci_dss: ['8.3.2'] },
  }),
  protection({
    id: 'former-root-secret',
    title: 'A former root secret goes once no session needs it',
    fact: 'formerSecret',
    measure: ({ overdueDays }) => overdueDays,
    threshold: atMost(1, 'day beyond the longest session'),
    serves: { soc2: ['CC6.1'], iso27001: ['A.8.24'] },
  }),
  protection({
    id: 'https',
    title: 'The service and what it links to are reached by https',
    fact: 'settings',
    measure: ({ PUBLIC_URL, APP_URL, DEFAULT_RETURN_URL }) =>
      [PUBLIC_URL, APP_URL, DEFAULT_RETURN_URL].filter(isPlain).length,
    threshold: none('address of http'),
    serves: {
      soc2: ['CC6.6', 'CC6.7'],
      iso27001: ['A.8.24'],
      gdpr: ['32'],
      hipaa: ['164.312(e)'],
      pci_dss: ['8.3.2'],
      ccpa: ['1798.150'],
    },
  }),
  protection({
    id: 'security-headers',
    title: 'Answers carry the headers that protect browsers',
    fact: 'ownAnswer',
    measure: ({ missing }) => missing,
    threshold: none('header that is missing'),
    serves: { soc2: ['CC6.6', 'CC6.7'], iso27001: ['A.8.24'], hipaa: ['164.312(e)'] },
  }),
  protection({
    id: 'plain-origins',
    title: 'No page that was loaded without https calls the service',
    fact: 'settings',
    measure: ({ CORS_ORIGINS, REDIRECT_ORIGINS }) => [...CORS_ORIGINS, ...REDIRECT_ORIGINS].filter(isPlain).length,
    threshold: none('origin of http in CORS_ORIGINS or REDIRECT_ORIGINS'),
    serves: { soc2: ['CC6.6', 'CC6.7'], iso27001: ['A.8.3'], gdpr: ['25'] },
  }),
  operation({
    id: 'stores',
    title: 'Every store answers',
    fact: 'stores',
    measure: ({ unhealthy }) => unhealthy,
    threshold: none('store that fails'),
    serves: { soc2: ['CC7.2'], iso27001: ['A.8.16'], gdpr: ['32'] },
  }),
  operation({
    id: 'delivery',
    title: 'What happened reaches whoever is subscribed',
    fact: 'delivery',
    measure: ({ undelivered }) => undelivered,
    threshold: none('event that waits for more than 15 minutes'),
    serves: { soc2: ['CC7.2'], iso27001: ['A.8.16'] },
  }),
  operation({
    id: 'dead-letters',
    title: 'No delivery is given up',
    fact: 'deadLetters',
    measure: ({ lastDay }) => lastDay,
    threshold: none('dead letter of the last day'),
    serves: { soc2: ['CC7.2', 'CC7.3'], iso27001: ['A.8.16'] },
  }),
  operation({
    id: 'mails',
    title: 'Mails are sent: notices of changes among them',
    fact: 'mails',
    measure: ({ sent, dead }) => (dead === 0 ? 0 : (100 * dead) / (sent + dead)),
    threshold: atMost(5, 'percent of the last day and its retries given up'),
    serves: { soc2: ['CC7.2', 'CC7.3'], iso27001: ['A.8.16'] },
  }),
  operation({
    id: 'webhooks',
    title: 'No webhook endpoint was turned off because it fails',
    fact: 'webhooks',
    measure: ({ disabled }) => disabled,
    threshold: none('endpoint of the platform that was turned off because it fails'),
    serves: { soc2: ['CC7.2'], iso27001: ['A.8.16'] },
  }),
]
