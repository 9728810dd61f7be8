import { matchesPattern } from '../../../../lib/matching.ts'
import { atLeast, atMost, is, none, tested } from '../control.ts'

const record = tested('record')
const data = tested('data')

export const RECORD = [
  record({
    id: 'chain-intact',
    title: 'The record of the day is as it was written',
    fact: 'chain',
    measure: ({ findings }) => findings,
    threshold: none('change found by recomputing the signed blocks'),
    serves: {
      soc2: ['CC7.2', 'CC7.3'],
      iso27001: ['A.8.15'],
      gdpr: ['5(1)(f)', '32'],
      hipaa: ['164.312(b)', '164.312(c)'],
      pci_dss: ['10.3'],
    },
  }),
  record({
    id: 'record-sealed',
    title: 'The record is covered by signed blocks at once',
    fact: 'record',
    measure: ({ unsealed }) => unsealed,
    threshold: none('entry that is uncovered for more than 15 minutes'),
    serves: { soc2: ['CC7.2'], iso27001: ['A.8.15'], hipaa: ['164.312(b)'], pci_dss: ['10.2', '10.3'] },
  }),
  record({
    id: 'chain-grows',
    title: 'The chain of blocks grows each hour',
    fact: 'record',
    measure: ({ headAgeHours }) => headAgeHours,
    threshold: atMost(2, 'hours since the newest block'),
    serves: { soc2: ['CC7.2'], iso27001: ['A.8.15', 'A.8.16'], hipaa: ['164.312(b)'], pci_dss: ['10.2'] },
  }),
  record({
    id: 'heads-outside',
    title: 'Heads of the chain are kept outside of this service',
    fact: 'copies',
    measure: ({ patterns }) => patterns.some((pattern) => matchesPattern(pattern, 'audit.checkpoint')),
    threshold: is('a webhook endpoint of the platform takes audit.checkpoint'),
    serves: { soc2: ['CC7.2'], iso27001: ['A.8.15'], pci_dss: ['10.3'] },
  }),
  record({
    id: 'record-kept',
    title: 'The record is kept for a year',
    fact: 'retention',
    measure: ({ record: days }) => days,
    threshold: atLeast(365, 'days'),
    serves: { soc2: ['CC7.3'], iso27001: ['A.8.15'], hipaa: ['164.312(b)'], pci_dss: ['10.5'] },
  }),
  data({
    id: 'pruning',
    title: 'What is over is deleted',
    fact: 'pruning',
    measure: ({ overdue }) => overdue,
    threshold: none('row two days past its retention'),
    serves: { gdpr: ['5(1)(e)', '25'], iso27001: ['A.8.10'], ccpa: ['1798.105'] },
  }),
  data({
    id: 'erasures',
    title: 'Deleted accounts and organizations are erased on time',
    fact: 'erasures',
    measure: ({ overdue }) => overdue,
    threshold: none('erasure a day late'),
    serves: { gdpr: ['17'], iso27001: ['A.8.10'], ccpa: ['1798.105'] },
  }),
  data({
    id: 'requests-answered',
    title: 'What people ask about their data is answered in time',
    fact: 'requests',
    measure: ({ overdue }) => overdue,
    threshold: none('request past its day'),
    serves: { gdpr: ['12', '15', '20'], ccpa: ['1798.110', '1798.130'] },
  }),
  data({
    id: 'deletion-grace',
    title: 'A deleted account is erased within a month',
    fact: 'settings',
    measure: ({ DELETION_GRACE_DAYS }) => DELETION_GRACE_DAYS,
    threshold: atMost(30, 'days'),
    serves: { gdpr: ['12', '17'], ccpa: ['1798.105', '1798.130'] },
  }),
]
