import {
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  type StreamableFile,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConflictResponse,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPayloadTooLargeResponse,
  ApiPaymentRequiredResponse,
  ApiProduces,
  ApiTags,
  ApiUnsupportedMediaTypeResponse,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type MultipartFile } from '@fastify/multipart';
import { type FastifyRequest } from 'fastify';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { invalidField, ProblemError } from '../platform/errors/index.js';
import {
  downloadOf,
  Idempotency,
  type IdempotentRequest,
  type Page,
  type PageQuery,
  pageQuerySchema,
  TakesIdempotencyKey,
} from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import { type MediaKind } from '../telegram/index.js';
import {
  assetPageSchema,
  assetSchema,
  type AssetView,
  type UploadAssetQuery,
  uploadAssetQuerySchema,
} from './asset.dto.js';
import { attachmentHeader, largestAssetBytes } from './asset.rules.js';
import { AssetService, tooLarge } from './asset.service.js';

@ApiTags('Files')
@ApiBearerAuth('session')
@Controller('assets')
export class AssetsController {
  constructor(private readonly assets: AssetService) {}

  @Post()
  @RouteConfig({ takesMultipart: true })
  @AllowRole('editor', 'messages:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Upload a file for messages' })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      required: ['file'],
      properties: { file: { type: 'string', format: 'binary' } },
    },
  })
  @ApiCreatedResponse({ standardSchema: assetSchema })
  @ApiPaymentRequiredResponse()
  @ApiPayloadTooLargeResponse()
  @ApiUnsupportedMediaTypeResponse()
  async upload(
    @CurrentCaller() caller: Caller,
    @Idempotency() idempotent: IdempotentRequest,
    @Query({ schema: uploadAssetQuerySchema }) { kind }: UploadAssetQuery,
    @Req() request: FastifyRequest,
  ): Promise<AssetView> {
    const part = await receiveFile(request, kind);
    return this.assets.upload(
      caller,
      idempotent,
      { fileName: part.filename, contentType: part.mimetype, bytes: readWhole(part, kind) },
      kind,
    );
  }

  @Get()
  @AllowRole('viewer', 'messages:read')
  @ApiOperation({ summary: 'List files, newest first' })
  @ApiOkResponse({ standardSchema: assetPageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<AssetView>> {
    return this.assets.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('viewer', 'messages:read')
  @ApiOperation({ summary: 'Read what a file is' })
  @ApiOkResponse({ standardSchema: assetSchema })
  read(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string): Promise<AssetView> {
    return this.assets.findById(caller, id);
  }

  @Get(':id/content')
  @AllowRole('viewer', 'messages:read')
  @ApiOperation({ summary: 'Download a file' })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async download(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<StreamableFile> {
    const asset = await this.assets.findById(caller, id);
    return downloadOf(this.assets.read(caller, id), {
      type: asset.contentType,
      sizeBytes: asset.sizeBytes,
      // Never shown in place: a file that is HTML would speak with our address.
      disposition: attachmentHeader(asset.fileName),
    });
  }

  @Delete(':id')
  @HttpCode(204)
  @AllowRole('editor', 'messages:write')
  @ApiOperation({ summary: 'Delete a file; refused while a message uses it' })
  @ApiNoContentResponse()
  @ApiConflictResponse()
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<void> {
    await this.assets.delete(caller, id);
  }
}

/** The one file of the request, not read yet. */
async function receiveFile(request: FastifyRequest, kind: MediaKind): Promise<MultipartFile> {
  if (!request.isMultipart()) {
    throw new ProblemError(
      415,
      'unsupported_media_type',
      'Send the file as multipart/form-data in the field "file".',
    );
  }
  const part = await firstPart(request, kind);
  if (part?.fieldname !== 'file') {
    part?.file.resume();
    throw invalidField('file', 'missing_file', 'Send exactly one file in the field "file".');
  }
  return part;
}

async function firstPart(request: FastifyRequest, kind: MediaKind): Promise<MultipartFile | undefined> {
  try {
    return await request.file({
      // Beyond the limit the rest is read and dropped, so that the sender hears the answer.
      limits: { fileSize: largestAssetBytes(kind) },
      throwFileSizeLimit: false,
    });
  } catch {
    // Nothing but the request was read yet, so whatever went wrong is in it.
    throw invalidField('file', 'unreadable_upload', 'The body is not valid multipart/form-data.');
  }
}

/** The file's bytes; fails at the end of a file that was too large and when the sender goes away. */
async function* readWhole(part: MultipartFile, kind: MediaKind): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of part.file as AsyncIterable<Uint8Array>) yield piece;
  } catch {
    throw new ProblemError(400, 'upload_aborted', 'The upload broke off; nothing of it was kept.');
  }
  if (part.file.truncated) throw tooLarge(kind);
}
