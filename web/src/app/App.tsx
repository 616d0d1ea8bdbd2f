// Who is here decides what is shown: the login, or the shell with its pages.

import { Bullseye, Spinner } from '@patternfly/react-core'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { ApiError, isUnauthenticated } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { useSession } from '../api/queries.ts'
import { AccessPage } from '../features/access/AccessPage.tsx'
import { ImagesPage } from '../features/images/ImagesPage.tsx'
import { MachinesPage } from '../features/machines/MachinesPage.tsx'
import { MediaPage } from '../features/media/MediaPage.tsx'
import { OverviewPage } from '../features/overview/OverviewPage.tsx'
import { Trouble } from '../ui/Trouble.tsx'
import { Login } from './Login.tsx'
import { MachineRoute } from './MachineRoute.tsx'
import { NotFound } from './NotFound.tsx'
import { Shell } from './Shell.tsx'

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
        <Routes>
          <Route path="/" element={<Navigate to="/machines" replace />} />
          <Route path="/overview" element={<OverviewPage />} />
          <Route path="/machines" element={<MachinesPage />} />
          <Route path="/machines/:id" element={<MachineRoute />} />
          <Route path="/images" element={<ImagesPage />} />
          <Route path="/media" element={<MediaPage />} />
          <Route path="/access" element={<AccessPage session={session} />} />
          <Route path="*" element={<NotFound />} />
        </Routes>
      </Shell>
    )
  }
  if (isPending) {
    return (
      <Bullseye>
        <Spinner aria-label="Loading" />
      </Bullseye>
    )
  }
  if (isUnauthenticated(error)) return <Login />
  return (
    <Bullseye>
      <main>
        <Trouble error={error ?? new Error('no session')} what="Landfall cannot be reached; trying again" />
      </main>
    </Bullseye>
  )
}
