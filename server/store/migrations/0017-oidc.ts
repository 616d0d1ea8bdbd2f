// Users whom an OpenID provider vouches for: they have an issuer and a subject instead of a password.

// The column is made anew: rebuilding the table would take the sessions of all users with it.
export const oidc = `
ALTER TABLE users ADD COLUMN kept_password TEXT;
UPDATE users SET kept_password = password;
ALTER TABLE users DROP COLUMN password;
ALTER TABLE users RENAME COLUMN kept_password TO password;
ALTER TABLE users ADD COLUMN issuer TEXT;
ALTER TABLE users ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX users_by_subject ON users (issuer, subject) WHERE issuer IS NOT NULL;
`
