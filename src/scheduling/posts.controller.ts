import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type AddPosts,
  addPostsSchema,
  type MovePost,
  movePostSchema,
  type PostList,
  postListSchema,
  type PostQueueView,
  postQueueSchema,
  postSchema,
  type PostView,
  type SetSlots,
  setSlotsSchema,
} from './post.dto.js';
import { PostsService } from './posts.service.js';

@ApiTags('Posts')
@ApiBearerAuth('session')
@Controller('chats/:id')
export class PostsController {
  constructor(private readonly posts: PostsService) {}

  @Put('slots')
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({
    summary:
      'Set the weekly times at which posts go to a channel, group or person; posts that wait keep theirs',
  })
  @ApiOkResponse({ standardSchema: postQueueSchema })
  setSlots(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: setSlotsSchema }) input: SetSlots,
  ): Promise<PostQueueView> {
    return this.posts.setSlots(caller, id, input);
  }

  @Get('slots')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'Read the slots of a chat, and which are free next' })
  @ApiOkResponse({ standardSchema: postQueueSchema })
  readSlots(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<PostQueueView> {
    return this.posts.findQueue(caller, id);
  }

  @Post('posts')
  @AllowRole('editor', 'schedules:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Put posts into the queue of a chat: each takes the next free slot' })
  @ApiCreatedResponse({ standardSchema: postListSchema })
  @ApiPaymentRequiredResponse()
  @ApiConflictResponse()
  add(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: addPostsSchema }) input: AddPosts,
  ): Promise<PostList> {
    return this.posts.add(caller, request, id, input);
  }

  @Get('posts')
  @AllowRole('viewer', 'schedules:read')
  @ApiOperation({ summary: 'List the posts that wait for a chat, the soonest first' })
  @ApiOkResponse({ standardSchema: postListSchema })
  list(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string): Promise<PostList> {
    return this.posts.findWaiting(caller, id);
  }

  @Patch('posts/:postId')
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Move a post to another free slot, or to a time of its own' })
  @ApiOkResponse({ standardSchema: postSchema })
  @ApiConflictResponse()
  move(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Param('postId', { schema: idSchema }) postId: string,
    @Body({ schema: movePostSchema }) input: MovePost,
  ): Promise<PostView> {
    return this.posts.move(caller, id, postId, input);
  }

  @Delete('posts/:postId')
  @HttpCode(204)
  @AllowRole('editor', 'schedules:write')
  @ApiOperation({ summary: 'Take a post out of the queue; its slot is free again' })
  @ApiNoContentResponse()
  @ApiConflictResponse()
  async remove(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Param('postId', { schema: idSchema }) postId: string,
  ): Promise<void> {
    await this.posts.remove(caller, id, postId);
  }
}
