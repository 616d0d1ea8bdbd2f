// Whether bytes are a picture that browsers show, by how they begin: what controllers call it does not count.

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/bmp'] as const
export type PictureType = (typeof PICTURE_TYPES)[number]

/** ISO/IEC 15948 section 5.2. */
const PNG = Buffer.from('89504e470d0a1a0a', 'hex')
/** ISO/IEC 10918-1 annex B: start of image, and the first byte of the next marker. */
const JPEG = Buffer.from('ffd8ff', 'hex')
/** Lengths of the header behind that of the file, by which versions of BMP are told apart. */
const BMP_HEADERS = [12, 40, 52, 56, 64, 108, 124]

/** Undefined for what is none. */
export function pictureType(bytes: Buffer): PictureType | undefined {
  if (bytes.subarray(0, PNG.length).equals(PNG)) return 'image/png'
  if (bytes.subarray(0, JPEG.length).equals(JPEG)) return 'image/jpeg'
  const isBmp = bytes.length > 18 && bytes.toString('latin1', 0, 2) === 'BM'
  return isBmp && BMP_HEADERS.includes(bytes.readUInt32LE(14)) ? 'image/bmp' : undefined
}
