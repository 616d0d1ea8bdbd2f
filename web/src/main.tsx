import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '@patternfly/react-core/dist/styles/base.css'
import './app/app.css'
import { App } from './app/App.tsx'
import { followSystemTheme } from './app/theme.ts'

followSystemTheme()
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
