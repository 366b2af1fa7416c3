"""The analyst's face: the files of a selection and the page that explains them."""
