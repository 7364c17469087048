"""What a trained network is worth: scores beside baselines, importance of the columns, and the report that says it."""

from handgrad.assessment.report import Assessment as Assessment
from handgrad.assessment.report import assess as assess
from handgrad.assessment.report import evaluate as evaluate
from handgrad.assessment.rows import Rows as Rows
