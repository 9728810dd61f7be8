-- What is deleted from the index of the search is gone at once, and not when its pages are merged: an erased user's name among it.
INSERT INTO user_search (user_search, rank) VALUES ('secure-delete', 1);
