import { orderForDeletion } from './deletion-order.rules.js';

describe('orderForDeletion', () => {
  it('puts whoever refers before what is referred to', () => {
    const order = orderForDeletion(
      ['bots', 'chats', 'chat_tags', 'tags', 'updates'],
      [
        { from: 'chats', to: 'bots' },
        { from: 'chat_tags', to: 'chats' },
        { from: 'chat_tags', to: 'tags' },
        { from: 'tags', to: 'tenants' },
      ],
    );
    expect(order).toEqual(['chat_tags', 'updates', 'chats', 'tags', 'bots']);
  });

  it('takes a table that refers to itself for one that refers to nobody', () => {
    expect(
      orderForDeletion(
        ['nodes', 'leaves'],
        [
          { from: 'nodes', to: 'nodes' },
          { from: 'leaves', to: 'nodes' },
        ],
      ),
    ).toEqual(['leaves', 'nodes']);
  });

  it('gives every table also where some go in a circle', () => {
    const circle = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ];
    expect(orderForDeletion(['a', 'b', 'c'], circle)).toEqual(['c', 'a', 'b']);
  });
});
