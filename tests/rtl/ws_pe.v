// A PE that keeps its weight. Operands move right and sums move down, one PE per cycle. Weights move
// down as well, tagged with the row that they are for; the PE of that row takes its weight into a
// shadow register, behind the work in progress. The first operand of a fold makes the PE take its
// shadow over.
module ws_pe #(
    parameter ROW = 0,
    parameter WIDTH = 8,
    parameter SUM = 32,
    parameter TAG = 8
) (
    input wire clk,
    input wire signed [WIDTH-1:0] operand_in,
    input wire first_in,
    output reg signed [WIDTH-1:0] operand_out,
    output reg first_out,
    input wire signed [WIDTH-1:0] weight_in,
    input wire weight_valid_in,
    input wire [TAG-1:0] weight_row_in,
    output reg signed [WIDTH-1:0] weight_out,
    output reg weight_valid_out,
    output reg [TAG-1:0] weight_row_out,
    input wire signed [SUM-1:0] sum_in,
    output reg signed [SUM-1:0] sum_out
);
  reg signed [WIDTH-1:0] shadow;
  reg signed [WIDTH-1:0] active;
  wire signed [WIDTH-1:0] weight = first_in ? shadow : active;

  always @(posedge clk) begin
    operand_out <= operand_in;
    first_out <= first_in;
    weight_out <= weight_in;
    weight_valid_out <= weight_valid_in;
    weight_row_out <= weight_row_in;
    if (weight_valid_in && weight_row_in == ROW) shadow <= weight_in;
    active <= weight;
    sum_out <= sum_in + operand_in * weight;
  end
endmodule
