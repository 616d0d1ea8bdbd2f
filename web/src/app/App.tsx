// Who is here decides what is shown: the login, or the shell with its pages.

import { Bullseye, Spinner } from '@patternfly/react-core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { ApiError } from '../api/client.ts'
import { useSession } from '../api/queries.ts'
import { ImagesPage } from '../features/images/ImagesPage.tsx'
import { MachinesPage } from '../features/machines/MachinesPage.tsx'
import { Trouble } from '../ui/Trouble.tsx'
import { Login } from './Login.tsx'
import { MachineRoute } from './MachineRoute.tsx'
import { NotFound } from './NotFound.tsx'
import { Shell } from './Shell.tsx'

const queryClient = new QueryClient({
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
  if (session && !error) {
    return (
      <Shell session={session}>
        <Routes>
          <Route path="/" element={<Navigate to="/machines" replace />} />
          <Route path="/machines" element={<MachinesPage />} />
          <Route path="/machines/:id" element={<MachineRoute />} />
          <Route path="/images" element={<ImagesPage />} />
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
  return error instanceof ApiError && error.status === 401 ? (
    <Login />
  ) : (
    <Trouble error={error ?? new Error('no session')} what="Landfall cannot be reached" />
  )
}
