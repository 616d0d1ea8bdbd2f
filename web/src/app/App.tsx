// Who is here decides what is shown: the login, or the shell with its pages.

import { Bullseye, Spinner } from '@patternfly/react-core'
import { lazy, Suspense, type ComponentType } from 'react'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { ApiError, isUnauthenticated } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { useSession } from '../api/queries.ts'
import { MachinesPage } from '../features/machines/MachinesPage.tsx'
import { Trouble } from '../ui/Trouble.tsx'
import { Login } from './Login.tsx'
import { NotFound } from './NotFound.tsx'
import { Shell } from './Shell.tsx'

// Whoever looks for a machine has to load none of these.
const AccessPage = later(async () => (await import('../features/access/AccessPage.tsx')).AccessPage)
const ImagesPage = later(async () => (await import('../features/images/ImagesPage.tsx')).ImagesPage)
const MachineRoute = later(async () => (await import('./MachineRoute.tsx')).MachineRoute)
const MediaPage = later(async () => (await import('../features/media/MediaPage.tsx')).MediaPage)
const OverviewPage = later(async () => (await import('../features/overview/OverviewPage.tsx')).OverviewPage)
const SetupRoute = later(async () => (await import('./SetupRoute.tsx')).SetupRoute)

/** A session that ended while the page was open leads to the login, whichever request noticed it. */
function askWhoIsHere(error: Error): void {
  const known = queryClient.getQueryState(keys.session)
  if (isUnauthenticated(error) && known?.status === 'success') {
    void queryClient.invalidateQueries({ queryKey: keys.session })
  }
}

const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: askWhoIsHere }),
  mutationCache: new MutationCache({ onError: askWhoIsHere }),
  defaultOptions: {
    queries: {
      // Events say when something changed; asking without need would only hide that they stopped.
      staleTime: Infinity,
      retry: (count, error) => count < 3 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
})

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <BrowserRouter>
        <Gate />
      </BrowserRouter>
    </QueryClientProvider>
  )
}

function Gate() {
  const { data: session, error, isPending } = useSession()
  if (session && !isUnauthenticated(error)) {
    return (
      <Shell session={session}>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route path="/" element={<Navigate to="/machines" replace />} />
            <Route path="/overview" element={<OverviewPage />} />
            <Route path="/machines" element={<MachinesPage />} />
            <Route path="/machines/:id" element={<MachineRoute />} />
            <Route path="/images" element={<ImagesPage />} />
            <Route path="/media" element={<MediaPage />} />
            <Route path="/access" element={<AccessPage session={session} />} />
            <Route path="/setup/:step?" element={<SetupRoute session={session} />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </Shell>
    )
  }
  if (isPending) return <Loading />
  if (isUnauthenticated(error)) return <Login />
  return (
    <Bullseye>
      <main>
        <Trouble error={error ?? new Error('no session')} what="Landfall cannot be reached; trying again" />
      </main>
    </Bullseye>
  )
}

/** A page that is loaded when somebody goes to it. Without the server it says so, and a reload tries again. */
function later<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async (): Promise<{ default: ComponentType<Props> }> => {
    try {
      return { default: await load() }
    } catch {
      return { default: NotLoaded }
    }
  })
}

function NotLoaded() {
  const error = new Error('reload the page once the server is there again')
  return <Trouble error={error} what="This page could not be loaded" />
}

function Loading() {
  return (
    <Bullseye>
      <Spinner aria-label="Loading" />
    </Bullseye>
  )
}
