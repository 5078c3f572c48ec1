#include "engine/sweep/sweep_arguments.h"

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

using Texts = std::vector<std::string>;

TEST(SweepArguments, CommasOutsideBracketsAndQuotesMakeAList) {
  EXPECT_EQ(split_at_commas("32,64"), (Texts{"32", "64"}));
  EXPECT_EQ(split_at_commas("32, 64 ,1e-3"), (Texts{"32", "64", "1e-3"}));
  EXPECT_EQ(split_at_commas("[64,64]"), Texts{"[64,64]"});
  EXPECT_EQ(split_at_commas("[64,64],[32],[]"), (Texts{"[64,64]", "[32]", "[]"}));
  EXPECT_EQ(split_at_commas("{kernel: 3, filters: [1, 2]},{kernel: 5}"),
            (Texts{"{kernel: 3, filters: [1, 2]}", "{kernel: 5}"}));
  EXPECT_EQ(split_at_commas(R"('a,b',"c\",d",e)"), (Texts{"'a,b'", R"("c\",d")", "e"}));
  EXPECT_EQ(split_at_commas(""), Texts{""});
}

TEST(SweepArguments, TellListsFromValues) {
  const SweepArguments arguments = split_arguments(
      {"train.batch=32,64", "seed=3", "model.output.filters=[64,64]", "train.optimiser=adam,sgd"});
  EXPECT_EQ(arguments.fixed, (Texts{"seed=3", "model.output.filters=[64,64]"}));
  EXPECT_EQ(arguments.fixed_paths(), (Texts{"seed", "model.output.filters"}));
  ASSERT_EQ(arguments.swept.size(), 2u);
  EXPECT_EQ(arguments.swept[0].path, "train.batch");
  EXPECT_EQ(arguments.swept[1].values, (Texts{"adam", "sgd"}));
}

TEST(SweepArguments, RefuseWhatIsNeither) {
  EXPECT_EQ(config_error([] { (void)split_arguments({"train.batch"}); }),
            "override 'train.batch': no '=', accepted: key=value, or key=a,b,c to sweep over");
  EXPECT_EQ(config_error([] { (void)split_arguments({"a=1,,2"}); }),
            "override 'a=1,,2': a comma without a value beside it");
  EXPECT_EQ(config_error([] { (void)split_arguments({"a=1,"}); }),
            "override 'a=1,': a comma without a value beside it");
  EXPECT_EQ(config_error([] {
              (void)split_arguments({"a=1", "a=2"});
            }),
            "override 'a=2': a is given twice; a sweep's list is a=a,b,c");
}

}  // namespace
}  // namespace pcnn
