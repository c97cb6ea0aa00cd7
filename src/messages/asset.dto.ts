import { z } from 'zod';
import { pageSchemaOf } from '../platform/http/index.js';
import { idSchema } from '../platform/identity/index.js';
import { MEDIA_KINDS } from '../telegram/index.js';

export const uploadAssetQuerySchema = z.strictObject({
  kind: z
    .enum(MEDIA_KINDS)
    .default('document')
    .describe('refuses at once what could not be sent as this kind, such as a photo of over 10 MB'),
});
export type UploadAssetQuery = z.infer<typeof uploadAssetQuerySchema>;

export const assetSchema = z
  .object({
    id: idSchema,
    fileName: z.string(),
    contentType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string().describe('in hexadecimal'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Asset' });
export type AssetView = z.output<typeof assetSchema>;

export const assetPageSchema = pageSchemaOf(assetSchema, 'AssetPage');
