# Learning curves
# Draws learning.svg, learning.pdf and learning.png from learning.csv, in this folder: gnuplot learning.gp
# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.
reset session
data = 'learning.csv'
set datafile separator comma
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.5 textcolor rgb '#222222'
set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'
set style fill solid 1 noborder
set bars 0
do for [format in 'svg pdf png'] {
  small = format eq 'svg' ? ',10' : ',7.5'
  if (format eq 'svg') { set terminal svg noenhanced size 600,364 font 'DejaVu Sans,12' }
  if (format eq 'pdf') { set terminal pdfcairo noenhanced size 6.250in,3.792in font 'DejaVu Sans,9' fontscale 1 }
  if (format eq 'png') { set terminal pngcairo noenhanced size 1200,728 font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 }
  set output 'learning.'.format
  set multiplot layout 1,1 margins screen 0.1267,0.9767,0.1758,0.7527 spacing 0,0.0000
  set key at screen 0.0633, screen 0.9835 left top vertical maxcols 1 Left reverse samplen 3 spacing 1.15
  set xrange [1:10]
  set ylabel 'training loss, nats' offset 0.5,0
  set yrange [0.409048:1.40738]
  set format x '%g'
  set xlabel 'epoch'
  plot data using (column('epoch')-0.000):(strcol('series') eq 'none' ? column('loss') : NaN) with linespoints lc rgb '#0072B2' dt 1 lw 1.6 pt 7 ps 0.8 pointinterval -5 title 'none', \
    data using (column('epoch')-0.000):(strcol('series') eq 'constant site=0' ? column('loss') : NaN) with linespoints lc rgb '#D55E00' dt 2 lw 1.6 pt 5 ps 0.75 pointinterval -5 title 'constant site=0', \
    data using (column('epoch')+0.000):(strcol('series') eq 'mode site=0' ? column('loss') : NaN) with linespoints lc rgb '#009E73' dt 4 lw 1.6 pt 9 ps 0.9 pointinterval -5 title 'mode site=0', \
    data using (column('epoch')+0.000):(strcol('series') eq 'shuffled site=0' ? column('loss') : NaN) with linespoints lc rgb '#CC79A7' dt 3 lw 1.6 pt 13 ps 0.95 pointinterval -5 title 'shuffled site=0'
  unset object
  unset arrow
  unset key
  unset multiplot
}
set output
