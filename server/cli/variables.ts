// Variables that every command looks at; those of the server are its configuration's.

export const VARIABLES = {
  LANDFALL_URL: 'server to talk to, https://HOST:PORT, with LANDFALL_TOKEN; comes before contexts that are not named',
  LANDFALL_TOKEN: 'API token for LANDFALL_URL',
  LANDFALL_CA: 'file with the certificate of its CA; by default those the system trusts',
  LANDFALL_CONTEXT: 'context that counts, as `--context` names it',
  LANDFALL_DATA_DIR: 'where the server of this machine keeps its data',
  LANDFALL_DEBUG: 'anything: print where in the code an error arose',
} as const
