// What the page asks and does, as hooks.

import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import type { QueryKey } from '@tanstack/react-query'
import type { LoginOptions, LoginRequest, Session } from '../../../server/contract/access.ts'
import type { ImportRequest, ImportResult } from '../../../server/contract/document.ts'
import type { Event } from '../../../server/contract/event.ts'
import type { Image } from '../../../server/contract/image.ts'
import type { ImageRoom } from '../../../server/contract/image-upkeep.ts'
import type { ImageDifference, ImageFit, ImageInspection } from '../../../server/contract/image-inspection.ts'
import type { KickstartPreview } from '../../../server/contract/kickstart.ts'
import type { FactChange } from '../../../server/contract/fact-change.ts'
import type { Install, InstallDetail } from '../../../server/contract/install.ts'
import type { BulkRequest, BulkResult } from '../../../server/contract/machine-bulk.ts'
import type { CreateMachine, Machine, MachinePage, Profile, UpdateMachine } from '../../../server/contract/machine.ts'
import type { Overview } from '../../../server/contract/overview.ts'
import type { Media } from '../../../server/contract/media.ts'
import type { SystemInfo } from '../../../server/contract/system.ts'
import type { Trace } from '../../../server/contract/trace.ts'
import { call, fetchPicture, ifUnchanged, isUnauthenticated } from './client.ts'
import { keys } from './keys.ts'

/** What is not said is not so. */
type ImportFile = Pick<ImportRequest, 'format' | 'text'> & Partial<ImportRequest>

interface Items<T> {
  items: T[]
}

export interface LogLine {
  seq: number
  at: string
  level: 'debug' | 'info' | 'warn' | 'error'
  text: string
}

const EVENTS = 200
const LOG_LINES = 10_000
/** While a machine boots, its next packet may come any second; otherwise a new boot has to be noticed. */
const BOOTING_POLL_MS = 2000
const BOOT_POLL_MS = 10_000
/** How often the state of reading an image's layers is asked for. */
const READING_POLL_MS = 1000
const ROOM_POLL_MS = 10_000
/** The overview counts thousands of machines: in a busy hour, asking after every event would be asking all the time. */
const OVERVIEW_POLL_MS = 4000
/** How often a server that does not answer is asked who we are. */
const KNOCK_MS = 3000

export function useSession() {
  return useQuery({
    queryKey: keys.session,
    queryFn: () => call<Session>('GET', '/session'),
    retry: false,
    refetchInterval: ({ state }) => (state.error && !isUnauthenticated(state.error) ? KNOCK_MS : false),
  })
}

export function useSystem() {
  return useQuery({ queryKey: keys.system, queryFn: () => call<SystemInfo>('GET', '/system') })
}

/** One page; `query` has the parameters of the API. The page before stays until it is there. */
export function useMachines(query: string) {
  return useQuery({
    queryKey: [...keys.machines, query],
    queryFn: () => call<MachinePage>('GET', `/machines?${query}`),
    placeholderData: keepPreviousData,
  })
}

/** Since midnight, where the person is; machines by the values of the label. */
export function useOverview(by: string) {
  return useQuery({
    queryKey: [...keys.overview, by],
    queryFn: () => {
      const since = new Date()
      since.setHours(0, 0, 0, 0)
      return call<Overview>('GET', `/overview?${new URLSearchParams({ by, since: since.toISOString() })}`)
    },
    refetchInterval: OVERVIEW_POLL_MS,
    placeholderData: keepPreviousData,
  })
}

export function useProfiles() {
  return useQuery({
    queryKey: keys.profiles,
    queryFn: async () => (await call<Items<Profile>>('GET', '/profiles')).items,
  })
}

/** Grows with each pull, of which not every one is an event. */
export function useImageRoom() {
  return useQuery({
    queryKey: keys.imageRoom,
    queryFn: () => call<ImageRoom>('GET', '/image-room'),
    refetchInterval: ROOM_POLL_MS,
  })
}

const imagePath = (reference: string): string => `/images/${encodeURIComponent(reference)}`

/** Asked for again while its layers are being read. */
export function useInspection(reference: string) {
  return useQuery({
    queryKey: keys.imageInspection(reference),
    queryFn: () => call<ImageInspection>('GET', `${imagePath(reference)}/inspection`),
    refetchInterval: ({ state }) => (state.data?.platforms.some(({ reading }) => reading) ? READING_POLL_MS : false),
  })
}

export function useDifference(from: string, to: string, architecture: string) {
  const query = new URLSearchParams({ to, architecture })
  return useQuery({
    queryKey: keys.imageDifference(from, to, architecture),
    queryFn: () => call<ImageDifference>('GET', `${imagePath(from)}/difference?${query}`),
  })
}

/** Whether the image can start each machine; undefined for those that have not been answered. Without an image nothing is asked. */
export function useImageFits(reference: string, machines: readonly string[]): (ImageFit | undefined)[] {
  return useQueries({
    queries: machines.map((id) => ({
      queryKey: keys.imageFit(reference, id),
      queryFn: () => call<ImageFit>('GET', `/machines/${id}/check?${new URLSearchParams({ image: reference })}`),
      enabled: reference !== '',
    })),
  }).map(({ data }) => data)
}

export function useMachine(id: string) {
  return useQuery({ queryKey: keys.machine(id), queryFn: () => call<Machine>('GET', `/machines/${id}`) })
}

/** Newest first. */
export function useFactHistory(id: string) {
  return useQuery({
    queryKey: keys.machineFactHistory(id),
    queryFn: async () => (await call<Items<FactChange>>('GET', `/machines/${id}/facts/history`)).items,
  })
}

/** What Anaconda would be given, secrets masked. */
export function useKickstart(id: string, isShown: boolean) {
  return useQuery({
    queryKey: keys.machineKickstart(id),
    queryFn: () => call<KickstartPreview>('GET', `/machines/${id}/kickstart`),
    enabled: isShown,
  })
}

/** How the machine booted. Not every packet is an event, so it is asked for now and then as well. */
export function useMachineTrace(id: string) {
  return useQuery({
    queryKey: keys.machineTrace(id),
    queryFn: () => call<Trace>('GET', `/machines/${id}/trace`),
    refetchInterval: ({ state }) =>
      state.data?.boots[0]?.verdict.code === 'IN_PROGRESS' ? BOOTING_POLL_MS : BOOT_POLL_MS,
  })
}

/** Newest first, in pages. */
export function useMachineEvents(id: string) {
  return useInfiniteQuery({
    queryKey: keys.machineEvents(id),
    queryFn: async ({ pageParam }) => {
      const before = pageParam === 0 ? '' : `&before=${pageParam}`
      return (await call<Items<Event>>('GET', `/machines/${id}/events?limit=${EVENTS}${before}`)).items
    },
    initialPageParam: 0,
    getNextPageParam: (page) => (page.length === EVENTS ? page.at(-1)!.seq : undefined),
  })
}

/** Newest first. */
export function useMachineInstalls(id: string) {
  return useQuery({
    queryKey: keys.machineInstalls(id),
    queryFn: async () => (await call<Items<Install>>('GET', `/machines/${id}/installs`)).items,
  })
}

export function useInstall(id: string | null) {
  return useQuery({
    queryKey: keys.install(id ?? ''),
    queryFn: () => call<InstallDetail>('GET', `/installs/${id}`),
    enabled: id !== null,
  })
}

/** All lines; after the first time only new ones are fetched. */
export function useInstallLog(id: string) {
  const client = useQueryClient()
  const queryKey = keys.installLog(id)
  return useQuery({
    queryKey,
    queryFn: async () => {
      const lines = [...(client.getQueryData<LogLine[]>(queryKey) ?? [])]
      for (;;) {
        const query = `after=${lines.at(-1)?.seq ?? 0}&limit=${LOG_LINES}`
        const { items } = await call<Items<LogLine>>('GET', `/installs/${id}/log?${query}`)
        lines.push(...items)
        if (items.length < LOG_LINES) return lines
      }
    },
  })
}

export function useImages() {
  return useQuery({
    queryKey: keys.images,
    queryFn: async () => (await call<Items<Image>>('GET', '/images')).items,
    // Layers come without an event for each.
    refetchInterval: ({ state }) => (state.data?.some(isArriving) ? ARRIVAL_INTERVAL_MS : false),
  })
}

const ARRIVAL_INTERVAL_MS = 2000

function isArriving({ platforms }: Image): boolean {
  return platforms.some(({ arrival }) => arrival?.state === 'waiting' || arrival?.state === 'fetching')
}

export function useMedia() {
  return useQuery({ queryKey: keys.media, queryFn: async () => (await call<Items<Media>>('GET', '/media')).items })
}

export function useLoginOptions() {
  return useQuery({ queryKey: keys.loginOptions, queryFn: () => call<LoginOptions>('GET', '/login/options') })
}

/** Begins anew: what a stranger was refused is not shown to whoever comes in. */
export function useLogin() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (request: LoginRequest) => call<Session>('POST', '/login', request),
    onSuccess: () => client.resetQueries(),
  })
}

export function useLogout() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ everywhere }: { everywhere: boolean }) =>
      call('POST', `/logout${everywhere ? '?everywhere=true' : ''}`),
    onSettled: () => client.resetQueries(),
  })
}

export function useBulkChange() {
  return useChange((request: BulkRequest) => call<BulkResult>('POST', '/machines/bulk', request), [keys.machines])
}

export function useAddMachine() {
  return useChange((machine: CreateMachine) => call<Machine>('POST', '/machines', machine), [keys.machines])
}

/** A change of the machine as it was then; refused if people have changed it since. */
export function useUpdateMachine(before: Pick<Machine, 'id' | 'revision'>) {
  const { id } = before
  return useChange(
    (change: UpdateMachine) => call<Machine>('PATCH', `/machines/${id}`, change, ifUnchanged(before)),
    [keys.machines, keys.machine(id)],
  )
}

export function useImportMachines() {
  return useChange((request: ImportFile) => call<ImportResult>('POST', '/machines/import', request), [keys.machines])
}

/** `forget` removes the record as well. */
export function useRetireMachine(id: string) {
  return useChange(
    ({ forget }: { forget: boolean }) => call('DELETE', `/machines/${id}${forget ? '?forget=true' : ''}`),
    [keys.machines, keys.machine(id)],
  )
}

export function useReinstall(id: string) {
  return useChange(
    () => call<Install>('POST', `/machines/${id}/reinstall`),
    [keys.machine(id), keys.machineInstalls(id)],
  )
}

/** A picture of the console, taken anew each time. */
export function useScreenshot(id: string) {
  return useMutation({ mutationFn: () => fetchPicture(`/machines/${id}/screenshot`) })
}

export function useCancelInstall(id: string) {
  return useChange(() => call<Install>('POST', `/installs/${id}/cancel`), [keys.install(id)])
}

export function useRemoveImage() {
  return useChange((reference: string) => call('DELETE', `/images/${encodeURIComponent(reference)}`), [keys.images])
}

export function useRemoveMedia() {
  return useChange(
    ({ id, force }: { id: string; force: boolean }) => call('DELETE', `/media/${id}${force ? '?force=true' : ''}`),
    [keys.media],
  )
}

/**
 * A change, after which the named queries are asked again: events tell the same, but a person should not wait for them. Also after a refusal,
 * which often means that the page shows what is no more.
 */
export function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>, outdated: readonly QueryKey[]) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => Promise.all(outdated.map((queryKey) => client.invalidateQueries({ queryKey }))),
  })
}
