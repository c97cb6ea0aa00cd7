import './heap-growth.js';
