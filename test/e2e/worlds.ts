// What the whole-machine tests begin with.

import { buildDemoImages, DEMO_REPOSITORY, type DemoImages } from '../images/demo-image.ts'
import type { Lab } from './lab/lab.ts'
import { startLandfall, type Landfall } from './lab/landfall.ts'

export const DEMO_1 = `${DEMO_REPOSITORY}:1`
export const DEMO_2 = `${DEMO_REPOSITORY}:2`
/** Version 1 for roots on arrays, volumes and encrypted disks. */
export const DEMO_DISKS = `${DEMO_REPOSITORY}:disks`

/** A server with all demo images in its store. */
export async function landfallWithDemo(lab: Lab): Promise<{ landfall: Landfall; demo: DemoImages }> {
  const demo = await buildDemoImages({ log: console.log })
  const landfall = await startLandfall(lab, { log: console.log })
  await landfall.importImages(demo.layout, DEMO_REPOSITORY)
  return { landfall, demo }
}
