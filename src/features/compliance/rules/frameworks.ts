import type { FrameworkId } from '../types.ts'

export interface Framework {
  readonly id: FrameworkId
  readonly name: string
  readonly description: string
}

export const FRAMEWORKS: readonly Framework[] = [
  {
    id: 'soc2',
    name: 'SOC 2',
    description: 'Trust Services Criteria of the AICPA: logical access (CC6) and operation (CC7)',
  },
  {
    id: 'iso27001',
    name: 'ISO/IEC 27001:2022',
    description: 'Controls of Annex A on access, logging and cryptography',
  },
  { id: 'gdpr', name: 'GDPR', description: 'Regulation (EU) 2016/679: principles, erasure, security of processing' },
  { id: 'hipaa', name: 'HIPAA', description: 'Security Rule, 45 CFR 164: administrative and technical safeguards' },
  {
    id: 'pci_dss',
    name: 'PCI DSS 4',
    description: 'Requirements 8 (authentication) and 10 (logs), and what they rest on',
  },
  { id: 'ccpa', name: 'CCPA', description: 'California Civil Code 1798.100 to 1798.199: deletion, access, security' },
]
