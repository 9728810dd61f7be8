import { outside } from '../control.ts'

/** What no service can know of those who run it. Listed, so that nobody takes a full score for the whole of a framework. */
export const ORGANIZATION = [
  outside({
    id: 'staff',
    title: 'Staff are vetted, trained and leave with their access withdrawn',
    reason: 'The service does not know who works for you',
    serves: {
      soc2: ['CC1.4'],
      iso27001: ['A.6.1', 'A.6.3', 'A.6.5'],
      hipaa: ['164.308(a)(3)', '164.308(a)(5)'],
      pci_dss: ['12.6'],
    },
  }),
  outside({
    id: 'premises',
    title: 'Premises and devices are secured',
    reason: 'The service runs on a platform whose operator shows this',
    serves: { soc2: ['CC6.4'], iso27001: ['A.7.1'], hipaa: ['164.310'], pci_dss: ['9.1'] },
  }),
  outside({
    id: 'change-management',
    title: 'Changes of code and settings are reviewed',
    reason: 'Changes are made outside of the service',
    serves: { soc2: ['CC8.1'], iso27001: ['A.8.32'], pci_dss: ['6.5'] },
  }),
  outside({
    id: 'incident-response',
    title: 'Incidents are answered by a plan that was practised, breaches told in time',
    reason: 'Plans and notices are made by people',
    serves: { soc2: ['CC7.4'], iso27001: ['A.5.26'], gdpr: ['33'], hipaa: ['164.308(a)(6)'], pci_dss: ['12.10'] },
  }),
  outside({
    id: 'backups',
    title: 'Backups are made, and restoring one was practised',
    reason: 'Backups are kept outside of the service',
    serves: { soc2: ['CC7.5'], iso27001: ['A.8.13'], gdpr: ['32'], hipaa: ['164.308(a)(7)'] },
  }),
  outside({
    id: 'vendors',
    title: 'Processors and suppliers are bound by contract',
    reason: 'Contracts are made outside of the service',
    serves: {
      soc2: ['CC9.2'],
      iso27001: ['A.5.19'],
      gdpr: ['28'],
      hipaa: ['164.308(b)'],
      pci_dss: ['12.8'],
      ccpa: ['1798.140'],
    },
  }),
  outside({
    id: 'records-of-processing',
    title: 'Purposes and legal grounds of processing are recorded, and people are informed',
    reason: 'Purposes are those of your application',
    serves: { gdpr: ['5(1)(a)', '13', '30', '35'], ccpa: ['1798.110', '1798.130'] },
  }),
  outside({
    id: 'penetration-tests',
    title: 'The deployment is scanned and attacked on purpose',
    reason: 'Tests are made from outside',
    serves: { soc2: ['CC7.1'], iso27001: ['A.8.8'], pci_dss: ['11.4'] },
  }),
]
