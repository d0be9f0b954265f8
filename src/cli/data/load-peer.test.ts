import { expect, test } from 'vitest'
import { loadPeer } from './load-peer.ts'

test('loadPeer() tells how to install a package that is not there', async () => {
  const name = 'lowbit-no-such-package'
  await expect(loadPeer('sharp', 'read pictures', () => import(name))).rejects.toThrow(
    'Cannot read pictures: expected the package "sharp", got none\nHint: npm install sharp',
  )
})

test('loadPeer() tells why a package that is there does not load', async () => {
  const load = () => Promise.reject(new Error('wrong ELF class\nmore'))
  await expect(loadPeer('sharp', 'read pictures', load)).rejects.toThrow(
    'Cannot read pictures: expected the package "sharp", got one that does not load: wrong ELF class\nHint: npm install sharp',
  )
})
