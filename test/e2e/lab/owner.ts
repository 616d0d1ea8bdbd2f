// Names of what the lab makes outside its process.

import { ownedNames } from '../../../server/host/owned-names.ts'

export const { ownedName, isOrphan } = ownedNames('landfall-lab')
