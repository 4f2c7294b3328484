// A page for paper.

document.getElementById('print').addEventListener('click', () => window.print());
