/** `introspect`, `events:read`, or a permission of the application's own: `orders:write`. */
export const SCOPE = /^[a-z0-9][a-z0-9:_*.-]{0,99}$/
