"""The widgets as a page for visitors, and the lessons in a folder of one's own."""
