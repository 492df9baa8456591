#include "core/train/batch_stage.h"

namespace rowlight {

std::string_view name_of(BatchStage stage) {
  switch (stage) {
    case BatchStage::DrawBatch: return "Draw the batch";
    case BatchStage::LookUpUsers: return "Look up users";
    case BatchStage::LookUpMovies: return "Look up movies";
    case BatchStage::DotProduct: return "Dot product";
    case BatchStage::AddBias: return "Add biases";
    case BatchStage::SigmoidRange: return "Sigmoid range";
    case BatchStage::Loss: return "Loss";
    case BatchStage::LossGradient: return "Gradient of the loss";
    case BatchStage::RowGradients: return "Gradients of the rows";
    case BatchStage::OptimizerStep: return "Optimizer step";
  }
  return {};
}

std::string_view sentence_of(BatchStage stage) {
  switch (stage) {
    case BatchStage::DrawBatch:
      return "The next ratings are drawn: for each a user index, a movie index and the true rating.";
    case BatchStage::LookUpUsers: return "The row of each user in the batch is copied out of the user table.";
    case BatchStage::LookUpMovies: return "The row of each movie in the batch is copied out of the movie table.";
    case BatchStage::DotProduct: return "Each user row is multiplied with its movie row and summed to one score.";
    case BatchStage::AddBias:
      return "The bias of the user and the bias of the movie are looked up and added to the score.";
    case BatchStage::SigmoidRange: return "The score is squashed into the range of ratings: that is the prediction.";
    case BatchStage::Loss: return "The loss is the mean of the squared differences between prediction and rating.";
    case BatchStage::LossGradient:
      return "How much would the loss change with each score? That is the gradient that flows back.";
    case BatchStage::RowGradients:
      return "Each looked-up row gets its share of the gradient; rows looked up twice get the sum of both.";
    case BatchStage::OptimizerStep: return "The optimizer moves the rows against their gradients.";
  }
  return {};
}

}  // namespace rowlight
