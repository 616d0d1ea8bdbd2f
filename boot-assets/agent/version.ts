// The version this agent was built as: that of Landfall itself.
import project from '../../package.json' with { type: 'json' }

export const agentVersion: string = project.version
