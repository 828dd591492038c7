// Shows the page's Python, which stands in it anyway.

document.querySelector("#program").textContent = document.querySelector("#python").textContent.trim();
