import { type ActorCtx, actorOf, type Ctx } from '../../../context.ts'
import { defineError, notFound } from '../../../lib/errors.ts'
import { MINUTE } from '../../../lib/time.ts'
import { type ProfileChange, updateProfile } from '../../users/service/profile.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import type { ChangedUser } from '../../users/types.ts'
import { avatarPath, type ImageKind, imageKindOf, ownAvatarAt, parseAvatarName } from '../rules.ts'
import { deleteAvatars, findAvatar, putAvatar } from '../store.ts'

export const imageUnsupported = defineError(
  'UNSUPPORTED_IMAGE',
  'unsupported_media_type',
  'A picture is a PNG, JPEG, WebP or GIF',
)

export const MAX_AVATAR_BYTES = 512 * 1024

/** An upload is done by then: an older picture that no profile names is what a failure has left. */
const UPLOAD_MS = 10 * MINUTE

/**
 * As `updateProfile`, and the picture that it replaces is deleted. Only that one and old ones: another upload of the user may
 * have stored a picture that it is about to name.
 */
export async function changeProfile(ctx: Ctx, input: ProfileChange): Promise<ChangedUser> {
  const { user, propagated, before } = await updateProfile(ctx, input)
  if (user.profileImageUrl !== before.profileImageUrl) {
    const named = ownAvatarAt(user.id, before.profileImageUrl)
    ctx.defer(deleteAvatars(ctx, user.id, { named, until: ctx.now() - UPLOAD_MS }))
  }
  return { user, propagated }
}

/** Stores a picture and names it in the caller's profile. Throws UNSUPPORTED_IMAGE, SERVICE_UNAVAILABLE. */
export async function setOwnAvatar(ctx: ActorCtx, bytes: Uint8Array): Promise<ChangedUser> {
  const kind = imageKindOf(bytes)
  if (!kind) throw imageUnsupported()
  const user = await getCurrentUser(ctx)
  const avatar = { userId: user.id, random: ctx.random(16).toHex(), extension: kind.extension }
  await putAvatar(ctx, avatar, bytes)
  const profileImageUrl = ctx.config.PUBLIC_URL + avatarPath(avatar)
  try {
    return await changeProfile(ctx, { user, changes: { profileImageUrl }, actor: actorOf(ctx) })
  } catch (cause) {
    // Also of a user who was deleted meanwhile: an erasure that is over would not find it.
    ctx.defer(deleteAvatars(ctx, user.id, { named: avatar, until: ctx.now() - UPLOAD_MS }))
    throw cause
  }
}

/** Deletes the picture before the profile forgets its name, so that a repeat finds it. Throws SERVICE_UNAVAILABLE. */
export async function removeOwnAvatar(ctx: ActorCtx): Promise<ChangedUser> {
  const user = await getCurrentUser(ctx)
  const named = ownAvatarAt(user.id, user.profileImageUrl)
  await deleteAvatars(ctx, user.id, { named, until: ctx.now() - UPLOAD_MS })
  return changeProfile(ctx, { user, changes: { profileImageUrl: null }, actor: actorOf(ctx) })
}

/** Throws NOT_FOUND for any name but that of a picture that is there, SERVICE_UNAVAILABLE. */
export async function getAvatar(ctx: Ctx, name: string): Promise<{ bytes: ArrayBuffer; kind: ImageKind }> {
  const avatar = parseAvatarName(name)
  const bytes = avatar ? await findAvatar(ctx, avatar) : null
  const kind = bytes ? imageKindOf(new Uint8Array(bytes)) : undefined
  if (!bytes || kind?.extension !== avatar?.extension || !kind) throw notFound()
  return { bytes, kind }
}
